//! The tests are in `api/`.
