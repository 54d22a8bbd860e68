//! Tests the contract of every store.

use super::fresh::fresh;

spektr_inbox::store_tests!(fresh);
