//! The maestro command line.
