-- The modules for SASL2, Bind 2 and FAST that Debian has are written for a later Prosody. This gives
-- them what they miss in 0.12, and joins them to its stream management.

local errors_xmlns = "urn:ietf:params:xml:ns:xmpp-stanzas";
local sm_xmlns = "urn:xmpp:sm:3";

-- Connections do not tell of their TLS session themselves. Their class is only to be had from one
-- of them.
local listener = assert(require "net.server".listen("127.0.0.1", 0, {}, {}));
local connection = getmetatable(listener).__index;
listener:close();
for method, of_socket in pairs {
	ssl_info = "info";
	ssl_peerfinished = "getpeerfinished";
	ssl_exportkeyingmaterial = "exportkeyingmaterial";
} do
	connection[method] = function (self, ...)
		local socket = self:socket();
		return socket and socket[of_socket] and socket[of_socket](socket, ...);
	end
end

-- FAST offers itself to accounts, and asks the stream's header whose it is. Nobody keeps that here,
-- and whether there is a token shows when it is used.
module:hook("stream-features", function (event)
	event.stream = event.stream or { from = "somebody@"..module.host };
end, 1000);

-- It counts in fractions of seconds, which Lua's dates refuse.
local datetime = require "util.datetime";
local of_whole_seconds = datetime.datetime;
function datetime.datetime(seconds)
	return of_whole_seconds(seconds and math.floor(seconds));
end

local stanza = require "util.stanza".stanza_mt;
function stanza:get_child_attr(name, xmlns, attr)
	local child = self:get_child(name, xmlns);
	return child and child.attr[attr];
end
function stanza:add_error(err)
	return self:tag(err.condition, { xmlns = errors_xmlns }):up();
end

-- A failed token leaves its mechanisms behind, and the next attempt on the stream finds no other.
local sasl_handlers = setmetatable({}, { __mode = "k" });
module:hook_tag("urn:xmpp:sasl:2", "authenticate", function (session)
	local handler = session.sasl_handler;
	if handler and not handler.fast then sasl_handlers[session] = handler; end
end, 200);
module:hook("sasl2/c2s/failure", function (event)
	local handler = sasl_handlers[event.session];
	if not handler then return; end
	event.session.sasl_handler = handler:clean_clone();
	event.session.sasl_handler.userdata = handler.userdata;
end, 10);

-- Runs `f` and keeps what it sends. What sessions share beside the function stays reachable: a
-- resumption exchanges these upvalues of `send`.
local function sent_by(session, f)
	local sent, send, filter = {}, session.send, nil;
	session.send = function (what)
		local _ = session, filter;
		sent[#sent + 1] = what;
		return true;
	end
	f();
	session.send = send;
	return sent;
end

local smacks = module:depends("smacks");

function smacks.do_enable(session, request)
	local answer = sent_by(session, function ()
		smacks.handle_enable(session, request, sm_xmlns);
	end)[1];
	if not answer or answer.name ~= "enabled" then
		return nil, { condition = "unexpected-request" };
	end
	return {
		type = "enabled";
		id = answer.attr.id;
		resume_max = answer.attr.max;
		finish = function () end;
	};
end

function smacks.do_resume(session, request)
	local id = request.attr.previd;
	local name = ("%s@%s/%s"):format(session.username, session.host, id);
	local resumed = smacks.handle_resume.session_registry[name];
	local send = session.send;
	local sent = sent_by(session, function ()
		smacks.handle_resume(session, request, sm_xmlns);
	end);
	local answer = sent[1];
	if not answer or answer.name ~= "resumed" then
		local handled = answer and tonumber(answer.attr.h);
		return nil, { condition = "item-not-found", context = { h = handled } };
	end
	resumed.send = send;
	send.session = resumed;
	send.filter = resumed.filter;
	resumed.sasl_handler = session.sasl_handler;
	resumed.client_id = session.client_id;
	return {
		type = "resumed";
		id = id;
		session = resumed;
		finish = function ()
			-- What was not acknowledged is in the queue already: it must not come there again.
			resumed.resending_unacked = true;
			for i = 2, #sent do send(sent[i]); end
			resumed.resending_unacked = nil;
		end;
	};
end
