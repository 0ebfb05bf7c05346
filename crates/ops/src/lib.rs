//! One module per user operation; returns values, prints nothing.
