//! The terminal: `stoa serve`, `stoa query`, `stoa shell`, `stoa generate`.
