//! An embedded AWS account for trying, rehearsing and testing.
