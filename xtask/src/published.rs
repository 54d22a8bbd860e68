//! Lists the published packages of the workspace.

use anyhow::Result;
use serde::Deserialize;

use crate::workspace;

#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// The registries that may hold the package: any if absent, none if the list is empty.
    publish: Option<Vec<String>>,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    kind: Vec<String>,
}

impl Package {
    pub(crate) fn is_library(&self) -> bool {
        self.targets.iter().any(|target| target.kind.iter().any(|kind| kind == "lib"))
    }
}

pub(crate) fn packages() -> Result<Vec<Package>> {
    let mut packages: Vec<Package> = workspace::packages()?;
    packages.retain(|package| package.publish.as_ref().is_none_or(|places| !places.is_empty()));
    Ok(packages)
}
