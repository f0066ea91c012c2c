//! Configuration in two steps: as typed on the command line and in the environment, then resolved.
