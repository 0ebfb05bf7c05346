//! `CreateRouteTable`, `AssociateRouteTable`, `ReplaceRouteTableAssociation`, `DisassociateRouteTable`,
//! `DeleteRouteTable`.

use std::collections::BTreeMap;

use kedge_resource::Tags;
use serde::{Deserialize, Serialize};

use super::Account;
use super::api_error::{ApiError, ApiResult, require};
use super::quota::room;
use super::route::Route;
use super::tagging::{Service, merged};

/// A route table.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RouteTable {
    pub(crate) id: String,
    pub(crate) vpc: String,
    /// Whether it came with the VPC.
    pub(crate) main: bool,
    /// By destination; without the local routes.
    #[serde(default)]
    pub(crate) routes: BTreeMap<String, Route>,
    /// Association id to subnet.
    #[serde(default)]
    pub(crate) associations: BTreeMap<String, String>,
    pub(crate) tags: Tags,
}

impl RouteTable {
    /// A table without routes.
    pub(crate) fn new(id: &str, vpc: &str, main: bool, tags: Tags) -> Self {
        let (id, vpc) = (id.to_owned(), vpc.to_owned());
        Self { id, vpc, main, routes: BTreeMap::new(), associations: BTreeMap::new(), tags }
    }
}

impl Account {
    /// The table of this id.
    pub(crate) fn route_table(&self, id: &str) -> ApiResult<&RouteTable> {
        self.route_tables.get(id).ok_or_else(|| ApiError::unknown("InvalidRouteTableID.NotFound", "routeTable", id))
    }

    /// `CreateRouteTable`.
    pub(crate) fn create_route_table(&mut self, vpc: &str, tags: &Tags) -> ApiResult<RouteTable> {
        self.vpc(vpc)?;
        let tags = merged(Service::Ec2, &Tags::default(), tags)?;
        let have = self.route_tables.values().filter(|table| table.vpc == vpc).count();
        room(have, self.quotas.route_tables_per_vpc, "RouteTableLimitExceeded", "route tables of the VPC")?;
        let id = self.new_id("rtb", tags.name().unwrap_or_default());
        let table = RouteTable::new(&id, vpc, false, tags);
        self.route_tables.insert(id, table.clone());
        Ok(table)
    }

    /// `AssociateRouteTable`: a subnet has one explicit association at most.
    pub(crate) fn associate_route_table(&mut self, table: &str, subnet: &str) -> ApiResult<String> {
        let vpc = &self.route_table(table)?.vpc;
        require(self.subnet(subnet)?.vpc == *vpc, || {
            let message = format!("Route table {table} and subnet {subnet} belong to different networks");
            ApiError::new("InvalidParameterValue", message)
        })?;
        let taken =
            self.route_tables.values().flat_map(|table| &table.associations).find(|(_, other)| *other == subnet);
        if let Some((association, _)) = taken {
            let message = format!(
                "the specified association for route table {table} conflicts with an existing \
                association {association} of subnet {subnet}"
            );
            return Err(ApiError::new("Resource.AlreadyAssociated", message));
        }
        let association = self.new_id("rtbassoc", subnet);
        if let Some(table) = self.route_tables.get_mut(table) {
            table.associations.insert(association.clone(), subnet.to_owned());
        }
        Ok(association)
    }

    /// `ReplaceRouteTableAssociation`: the subnet gets another table under a new association id.
    pub(crate) fn replace_route_table_association(&mut self, association: &str, table: &str) -> ApiResult<String> {
        let subnet = self.associated_subnet(association)?;
        require(self.subnet(&subnet)?.vpc == self.route_table(table)?.vpc, || {
            let message = format!("Route table {table} and subnet {subnet} belong to different networks");
            ApiError::new("InvalidParameterValue", message)
        })?;
        self.disassociate_route_table(association)?;
        self.associate_route_table(table, &subnet)
    }

    fn associated_subnet(&self, association: &str) -> ApiResult<String> {
        self.route_tables
            .values()
            .find_map(|table| table.associations.get(association).cloned())
            .ok_or_else(|| ApiError::unknown("InvalidAssociationID.NotFound", "association", association))
    }

    /// `DisassociateRouteTable`.
    pub(crate) fn disassociate_route_table(&mut self, association: &str) -> ApiResult<()> {
        self.associated_subnet(association)?;
        for table in self.route_tables.values_mut() {
            table.associations.remove(association);
        }
        Ok(())
    }

    /// `DeleteRouteTable`: not the main one, and not while a subnet uses it.
    pub(crate) fn delete_route_table(&mut self, id: &str) -> ApiResult<()> {
        let table = self.route_table(id)?;
        require(!table.main && table.associations.is_empty(), || ApiError::dependency("routeTable", id))?;
        self.route_tables.remove(id);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, code, subnet, tags, vpc};

    #[test]
    fn a_subnet_has_one_table() {
        let mut account = account();
        let id = vpc(&mut account, "v");
        let subnet = subnet(&mut account, &id, 0);
        let first = account.create_route_table(&id, &tags("a")).unwrap().id;
        let second = account.create_route_table(&id, &tags("b")).unwrap().id;
        let association = account.associate_route_table(&first, &subnet).unwrap();
        assert_eq!(code(account.associate_route_table(&second, &subnet)), "Resource.AlreadyAssociated");
        assert_eq!(code(account.delete_route_table(&first)), "DependencyViolation");
        let next = account.replace_route_table_association(&association, &second).unwrap();
        account.delete_route_table(&first).unwrap();
        assert_eq!(code(account.disassociate_route_table(&association)), "InvalidAssociationID.NotFound");
        account.disassociate_route_table(&next).unwrap();
        account.delete_route_table(&second).unwrap();
        assert_eq!(code(account.delete_route_table(&second)), "InvalidRouteTableID.NotFound");
    }

    #[test]
    fn tables_stay_within_their_vpc() {
        let mut account = account();
        let (one, two) = (vpc(&mut account, "one"), vpc(&mut account, "two"));
        let subnet = subnet(&mut account, &one, 0);
        let table = account.create_route_table(&two, &tags("t")).unwrap().id;
        assert_eq!(code(account.associate_route_table(&table, &subnet)), "InvalidParameterValue");
        let main = account.route_tables.values().find(|table| table.main).unwrap().id.clone();
        assert_eq!(code(account.delete_route_table(&main)), "DependencyViolation");
    }
}
