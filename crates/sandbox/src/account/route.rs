//! `CreateRoute`, `ReplaceRoute`, `DeleteRoute`.

use serde::{Deserialize, Serialize};

use super::Account;
use super::api_error::{ApiError, ApiResult, require};
use super::cidr;
use super::quota::room;

/// Where a route goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum RouteTarget {
    Gateway(String),
    NatGateway(String),
    EgressOnlyInternetGateway(String),
    TransitGateway(String),
    Instance(String),
    VpcPeeringConnection(String),
}

/// A route of a table, which has it under its destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Route {
    pub(crate) target: RouteTarget,
}

impl Account {
    /// `CreateRoute`. Giving the same route again is accepted.
    pub(crate) fn create_route(&mut self, table: &str, destination: &str, target: &RouteTarget) -> ApiResult<()> {
        let destination = self.checked_route(table, destination, target)?;
        let routes = &self.route_table(table)?.routes;
        if let Some(there) = routes.get(&destination) {
            return require(there.target == *target, || {
                ApiError::new("RouteAlreadyExists", format!("The route identified by {destination} already exists."))
            });
        }
        room(routes.len(), self.quotas.routes_per_table, "RouteLimitExceeded", "routes of the table")?;
        self.put_route(table, &destination, target);
        Ok(())
    }

    /// `ReplaceRoute`.
    pub(crate) fn replace_route(&mut self, table: &str, destination: &str, target: &RouteTarget) -> ApiResult<()> {
        let destination = self.checked_route(table, destination, target)?;
        require(self.route_table(table)?.routes.contains_key(&destination), || {
            let message = format!(
                "There is no route defined for '{destination}' in the route table. Use CreateRoute \
                instead."
            );
            ApiError::new("InvalidParameterValue", message)
        })?;
        self.put_route(table, &destination, target);
        Ok(())
    }

    fn put_route(&mut self, table: &str, destination: &str, target: &RouteTarget) {
        if let Some(table) = self.route_tables.get_mut(table) {
            table.routes.insert(destination.to_owned(), Route { target: target.clone() });
        }
    }

    /// `DeleteRoute`.
    pub(crate) fn delete_route(&mut self, table: &str, destination: &str) -> ApiResult<()> {
        self.route_table(table)?;
        let destination = cidr::canonical(destination);
        let routes = self.route_tables.get_mut(table).map(|table| &mut table.routes);
        routes.and_then(|routes| routes.remove(&destination)).map(|_| ()).ok_or_else(|| {
            let message = format!("no route with destination-cidr-block {destination} in route table {table}");
            ApiError::new("InvalidRoute.NotFound", message)
        })
    }

    fn checked_route(&self, table: &str, destination: &str, target: &RouteTarget) -> ApiResult<String> {
        let table = self.route_table(table)?;
        let is_ipv6 = destination.contains(':');
        let destination = if is_ipv6 {
            cidr::ipv6("destinationIpv6CidrBlock", destination)?.to_string()
        } else {
            cidr::ipv4("destinationCidrBlock", destination)?.to_string()
        };
        let vpc = self.vpc(&table.vpc)?;
        let local = vpc.ranges().chain(vpc.ipv6_cidr()).any(|range| range == destination);
        require(!local, || {
            let message = format!("The destination CIDR block {destination} is that of a local route of the network.");
            ApiError::new("InvalidParameterValue", message)
        })?;
        let elsewhere = |id: &str| {
            let message = format!("route table {} and network gateway {id} belong to different networks", table.id);
            ApiError::new("InvalidParameterValue", message)
        };
        match target {
            RouteTarget::Gateway(id) => {
                let gateway = self.internet_gateways.get(id);
                let gateway =
                    gateway.ok_or_else(|| ApiError::unknown("InvalidGatewayID.NotFound", "internetGateway", id))?;
                require(gateway.vpc.as_ref() == Some(&table.vpc), || elsewhere(id))?;
            }
            RouteTarget::NatGateway(id) => {
                let gateway = self.nat_gateways.get(id);
                let gateway = gateway.ok_or_else(|| {
                    ApiError::new("InvalidNatGatewayID.NotFound", format!("The natGateway ID '{id}' does not exist"))
                })?;
                require(gateway.vpc == table.vpc, || elsewhere(id))?;
                require(gateway.state == "pending" || gateway.state == "available", || {
                    let message = format!("The natGateway '{id}' is in the state {}", gateway.state);
                    ApiError::new("InvalidNatGatewayID.NotFound", message)
                })?;
                require(!is_ipv6 || destination == "64:ff9b::/96", || {
                    ApiError::new("InvalidParameterValue", "A NAT gateway takes the IPv6 range 64:ff9b::/96 only.")
                })?;
            }
            RouteTarget::EgressOnlyInternetGateway(id) => {
                let gateway = self.egress_only_gateways.get(id);
                let gateway = gateway.ok_or_else(|| ApiError::unknown("InvalidGatewayID.NotFound", "eigw", id))?;
                require(gateway.vpc == table.vpc, || elsewhere(id))?;
                require(is_ipv6, || {
                    ApiError::new("InvalidParameterValue", "An egress-only internet gateway takes IPv6 only.")
                })?;
            }
            RouteTarget::Instance(id) => {
                require(self.instances.contains_key(id), || {
                    ApiError::new("InvalidInstanceID.NotFound", format!("The instance ID '{id}' does not exist"))
                })?;
            }
            // Transit gateways and peering connections are other teams': the account does not hold them.
            RouteTarget::TransitGateway(id) => {
                require(id.starts_with("tgw-"), || {
                    ApiError::new(
                        "InvalidTransitGatewayID.NotFound",
                        format!(
                            "Transit Gateway {id} was deleted or \
                        does not exist."
                        ),
                    )
                })?;
            }
            RouteTarget::VpcPeeringConnection(id) => {
                require(id.starts_with("pcx-"), || {
                    ApiError::unknown("InvalidVpcPeeringConnectionID.NotFound", "vpcPeeringConnection", id)
                })?;
            }
        }
        Ok(destination)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{account, code, gateway, tags, vpc};
    use super::*;

    #[test]
    fn routes_are_unique_and_targets_exist() {
        let mut account = account();
        let id = vpc(&mut account, "v");
        let table = account.create_route_table(&id, &tags("t")).unwrap().id;
        let out = RouteTarget::Gateway(gateway(&mut account, &id));
        account.create_route(&table, "0.0.0.0/0", &out).unwrap();
        account.create_route(&table, "0.0.0.0/0", &out).unwrap();
        let other = RouteTarget::TransitGateway("tgw-1".to_owned());
        assert_eq!(code(account.create_route(&table, "0.0.0.0/0", &other)), "RouteAlreadyExists");
        account.replace_route(&table, "0.0.0.0/0", &other).unwrap();
        assert_eq!(code(account.replace_route(&table, "1.0.0.0/8", &other)), "InvalidParameterValue");
        assert_eq!(code(account.delete_route(&table, "1.0.0.0/8")), "InvalidRoute.NotFound");
        account.delete_route(&table, "0.0.0.0/0").unwrap();
        let nat = RouteTarget::NatGateway("nat-1".to_owned());
        assert_eq!(code(account.create_route(&table, "0.0.0.0/0", &nat)), "InvalidNatGatewayID.NotFound");
        assert_eq!(code(account.create_route(&table, "10.0.0.0/16", &out)), "InvalidParameterValue");
        let detached = RouteTarget::Gateway(account.create_internet_gateway(&tags("g")).unwrap().id);
        assert_eq!(code(account.create_route(&table, "0.0.0.0/0", &detached)), "InvalidParameterValue");
        let egress = account.create_egress_only_gateway(&id, &tags("e"), None).unwrap().id;
        let egress = RouteTarget::EgressOnlyInternetGateway(egress);
        assert_eq!(code(account.create_route(&table, "0.0.0.0/0", &egress)), "InvalidParameterValue");
        account.create_route(&table, "::/0", &egress).unwrap();
    }
}
