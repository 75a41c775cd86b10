//! Cases at the level of the session manager: a `SessionManager` on each
//! client, and what a game sees of it.
