//! Folders of generated files, relative to the workspace's root.

/// The contracts for other languages.
pub(crate) const CONTRACTS: &str = "contracts";

/// The generated types.
pub(crate) const TYPES: &str = "spektr-types/src/generated";

/// The embedded schemas.
pub(crate) const SCHEMAS: &str = "spektr-verify/src/generated";

/// The reference of the command-line tool.
pub(crate) const REFERENCE: &str = "spektr-cli/src/generated";

/// All folders of generated files. They hold nothing else: `codegen --check` reports any other file
/// in them as left over.
pub const FOLDERS: [&str; 4] = [CONTRACTS, TYPES, SCHEMAS, REFERENCE];
