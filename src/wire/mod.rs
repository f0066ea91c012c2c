//! The Postgres protocol (version 3.0): connections, messages, rows encoded a column at a time. What a statement means is the
//! engine's business. `pgwire` lends its message types and codec; the loop, the limits and the encoders are ours.
