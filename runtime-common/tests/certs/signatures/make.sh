#!/bin/sh
# Makes one certificate per signature algorithm, and in `hashes` what tls-server-end-point is for
# each, computed by openssl. Ed25519 has no hash function, and so no line there.
set -eu
cd "$(dirname "$0")"
keys=$(mktemp -d)
openssl ecparam -name prime256v1 -genkey -noout -out "$keys/ecdsa"
openssl genrsa -out "$keys/rsa" 2048
openssl genpkey -algorithm ed25519 -out "$keys/ed25519"

make() { # name, key, hash of the channel binding, further options
    out=$1 key=$2 digest=$3
    shift 3
    openssl req -x509 -new -key "$keys/$key" -subj /CN=localhost -days 36500 -outform der \
        -out "$out.der" "$@"
    if [ "$digest" != none ]; then
        echo "$out $(openssl dgst "-$digest" -r "$out.der" | cut -d' ' -f1)" >>hashes
    fi
}

rm -f hashes
make rsa-md5 rsa sha256 -md5
for hash in sha1 sha224 sha256 sha384 sha512; do
    if [ $hash = sha1 ]; then bound=sha256; else bound=$hash; fi
    make rsa-$hash rsa $bound -$hash
    make ecdsa-$hash ecdsa $bound -$hash
    make pss-$hash rsa $bound -$hash -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:digest
done
make ed25519 ed25519 none
rm -r "$keys"
