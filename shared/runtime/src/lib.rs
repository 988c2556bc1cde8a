//! Environment, signals, tracing set-up and configuration files.
