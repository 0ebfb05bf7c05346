//! Lowers a resolved specification and account facts to the desired resources.
