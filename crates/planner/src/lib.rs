//! Compares desired and observed resources and orders the changes.
