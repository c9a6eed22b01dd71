-- Prosody 0.12 binds SCRAM to `tls-unique` only, which TLS 1.3 does not define. This adds
-- `tls-exporter` there (RFC 9266), and tells clients which type is usable (XEP-0440).

local sasl_xmlns = "urn:ietf:params:xml:ns:xmpp-sasl";

-- Which types a mechanism may use is a table that only this function sees.
local function types_by_mechanism()
	local register = require "util.sasl".registerMechanism;
	local index = 0;
	repeat
		index = index + 1;
		local name, value = debug.getupvalue(register, index);
		if name == "mechanism_channelbindings" then return value; end
	until name == nil
	error("util.sasl is not that of Prosody 0.12");
end

for _, types in pairs(types_by_mechanism()) do
	types["tls-exporter"] = true;
end

local function exporter(handler)
	-- The TLS socket lies there for the type that Prosody knows.
	return handler.userdata["tls-unique"]:exportkeyingmaterial("EXPORTER-Channel-Binding", 32, "");
end

-- After mod_saslauth, which makes the handler and lists the mechanisms it knows by then.
module:hook("stream-features", function (event)
	local session, features = event.origin, event.features;
	local handler = session.sasl_handler;
	local mechanisms = features:get_child("mechanisms", sasl_xmlns);
	if not session.encrypted or not handler or not mechanisms then return; end

	local binding = "tls-unique";
	if session.conn:socket():info().protocol == "TLSv1.3" then
		binding = "tls-exporter";
		handler:add_cb_handler(binding, exporter);
		for name in pairs(handler:mechanisms()) do
			if name:match("%-PLUS$") then mechanisms:text_tag("mechanism", name); end
		end
	end
	features:tag("sasl-channel-binding", { xmlns = "urn:xmpp:sasl-cb:0" })
		:tag("channel-binding", { type = binding }):up():up();
end, -1);
