#!/bin/sh
# Makes the certificates that the tests of the std adapters use. They are valid for a hundred
# years and kept in the repository, so that tests need no openssl and do not age.
set -eu
cd "$(dirname "$0")"
ec="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout"

ca() { # name, subject
    openssl req -x509 $ec "$1.key" -out "$1.pem" -days 36500 -subj "/CN=$2" \
        -addext keyUsage=critical,keyCertSign,cRLSign
}
leaf() { # name, subjectAltName, authority
    openssl req $ec "$1.key" -out "$1.csr" -subj "/CN=$1"
    printf 'basicConstraints=critical,CA:FALSE\nsubjectAltName=%s\n' "$2" >"$1.ext"
    openssl x509 -req -in "$1.csr" -CA "${3-ca}.pem" -CAkey "${3-ca}.key" -set_serial "0x1$(openssl rand -hex 8)" \
        -extfile "$1.ext" -out "$1.pem" -days 36500
    rm "$1.csr" "$1.ext"
}

ca ca 'Test CA'
ca other-ca 'Another test CA'
leaf localhost DNS:localhost,IP:127.0.0.1,IP:::1
leaf other-name 'DNS:other.example,DNS:*.wild.example,IP:192.0.2.1'
# Its own CA, presented as a server's certificate: what `openssl req -x509` makes by default.
openssl req -x509 $ec self-signed.key -out self-signed.pem -days 36500 -subj /CN=localhost \
    -addext subjectAltName=DNS:localhost
# A client's own, for EXTERNAL (RFC 6120 §13.7.1.4).
ca client-ca 'Test CA of clients'
xmpp='otherName:1.3.6.1.5.5.7.8.5;UTF8'
leaf client "$xmpp:alice@localhost,DNS:localhost,$xmpp:bob@example.org,email:alice@localhost" client-ca
rm ca.key other-ca.key client-ca.key
