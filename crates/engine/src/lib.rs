//! Walks a plan over an executor: concurrency, retries, cancellation, events.
