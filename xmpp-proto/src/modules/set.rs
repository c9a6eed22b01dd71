//! Sets of modules.

use crate::Instant;

/// The first of two moments, for [`module_set!`](crate::module_set).
#[doc(hidden)]
#[must_use]
pub fn __earliest(one: Option<Instant>, other: Option<Instant>) -> Option<Instant> {
    crate::session::earliest([one, other])
}

/// Writes a set of modules: a struct of them, an enum of what they tell, and what makes the struct a
/// [`Module`](crate::modules::Module).
///
/// What comes in is shown to the modules in the order in which they stand here, until one has taken
/// it. A set can be a member of another set.
///
/// ```
/// use xmpp_proto::module_set;
/// # mod my {
/// #     #[derive(Default)]
/// #     pub struct Lights;
/// #     impl xmpp_proto::modules::Module for Lights { type Event = bool; }
/// #     #[derive(Default)]
/// #     pub struct Doors;
/// #     impl xmpp_proto::modules::Module for Doors { type Event = u8; }
/// # }
/// use my::{Doors, Lights};
///
/// module_set! {
///     /// What the house is made of.
///     #[derive(Default)]
///     pub struct House {
///         /// All lights.
///         pub lights: Lights => Light,
///         /// All doors.
///         pub doors: Doors => Door,
///     }
///     /// What it tells.
///     #[derive(Debug)]
///     pub enum HouseEvent;
/// }
///
/// let house = House::default();
/// let event = HouseEvent::Light(true); // `Lights` tells a `bool`
/// # let _ = (house, event);
/// ```
#[macro_export]
macro_rules! module_set {
    (
        $(#[$meta:meta])*
        $vis:vis struct $set:ident {
            $( $(#[$member_meta:meta])* $member_vis:vis $member:ident : $module:ty => $variant:ident ),+
            $(,)?
        }
        $(#[$event_meta:meta])*
        $event_vis:vis enum $event:ident;
    ) => {
        $(#[$meta])*
        $vis struct $set {
            $( $(#[$member_meta])* $member_vis $member: $module, )+
        }

        $(#[$event_meta])*
        $event_vis enum $event {
            $(
                #[doc = concat!("What `", stringify!($member), "` tells.")]
                $variant(<$module as $crate::modules::Module>::Event),
            )+
        }

        impl $crate::modules::Module for $set {
            type Event = $event;

            fn features(&self, each: &mut dyn FnMut(&str)) {
                $( $crate::modules::Module::features(&self.$member, each); )+
            }

            fn presence_payloads(
                &self,
                features: &$crate::modules::Features,
                each: &mut dyn FnMut($crate::xml::Element),
            ) {
                $( $crate::modules::Module::presence_payloads(&self.$member, features, each); )+
            }

            fn handle_online(&mut self, cx: &mut $crate::modules::Cx<'_>) {
                $( $crate::modules::Module::handle_online(&mut self.$member, cx); )+
            }

            fn handle_ended(&mut self) {
                $( $crate::modules::Module::handle_ended(&mut self.$member); )+
            }

            fn handle_stanza(
                &mut self,
                cx: &mut $crate::modules::Cx<'_>,
                stanza: &$crate::stanza::Stanza,
            ) -> $crate::modules::Claim {
                $(
                    let claim = $crate::modules::Module::handle_stanza(&mut self.$member, cx, stanza);
                    if claim == $crate::modules::Claim::Taken {
                        return claim;
                    }
                )+
                $crate::modules::Claim::Passed
            }

            fn handle_query(
                &mut self,
                cx: &mut $crate::modules::Cx<'_>,
                query: $crate::endpoint::Query,
            ) -> ::core::option::Option<$crate::endpoint::Query> {
                $( let query = $crate::modules::Module::handle_query(&mut self.$member, cx, query)?; )+
                ::core::option::Option::Some(query)
            }

            fn handle_reply(
                &mut self,
                cx: &mut $crate::modules::Cx<'_>,
                token: $crate::endpoint::IqToken,
                reply: ::core::result::Result<
                    &$crate::stanza::Iq,
                    &$crate::endpoint::RequestError,
                >,
            ) -> $crate::modules::Claim {
                $(
                    let claim =
                        $crate::modules::Module::handle_reply(&mut self.$member, cx, token, reply);
                    if claim == $crate::modules::Claim::Taken {
                        return claim;
                    }
                )+
                $crate::modules::Claim::Passed
            }

            fn handle_timeout(&mut self, cx: &mut $crate::modules::Cx<'_>) {
                $(
                    let at = $crate::modules::Module::poll_timeout(&self.$member);
                    if at.is_some_and(|at| at <= cx.now()) {
                        $crate::modules::Module::handle_timeout(&mut self.$member, cx);
                    }
                )+
            }

            fn poll_timeout(&self) -> ::core::option::Option<$crate::Instant> {
                let next = ::core::option::Option::None;
                $(
                    let next = $crate::modules::__earliest(
                        next,
                        $crate::modules::Module::poll_timeout(&self.$member),
                    );
                )+
                next
            }

            fn poll_event(&mut self) -> ::core::option::Option<$event> {
                $(
                    let event = $crate::modules::Module::poll_event(&mut self.$member);
                    if let ::core::option::Option::Some(event) = event {
                        return ::core::option::Option::Some($event::$variant(event));
                    }
                )+
                ::core::option::Option::None
            }
        }
    };
}
