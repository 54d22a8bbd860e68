//! What every store does.

use super::fresh::fresh;

spektr_inbox::store_tests!(fresh);
