"""Client tokens: the same token again is the same call again."""

from moto.ec2.responses.egress_only_internet_gateways import EgressOnlyInternetGateway
from moto.ec2.responses.elastic_block_store import ElasticBlockStore
from moto.ec2.responses.instances import InstanceResponse
from moto.ec2.responses.launch_templates import LaunchTemplates
from moto.ec2.responses.nat_gateways import NatGateways
from moto.ec2.responses.route_tables import RouteTables

from mends.patching import mend, refuse


def idempotent(owner, name):
    """AWS answers a repeated ClientToken with what the first call made, and refuses it for another request.  moto makes
    a second thing, or says that the first one is in the way."""

    @mend(owner, name)
    def create(original, self):
        token = self._get_param("ClientToken")
        if not token:
            return original(self)
        # Kept in the backend, so that a reset forgets them.
        answers = self.ec2_backend.__dict__.setdefault("answers_by_token", {})
        request = {key: str(value) for key, value in self._get_params().items()}
        if (name, token) in answers:
            earlier, answer = answers[name, token]
            if earlier != request:
                refuse(
                    "IdempotentParameterMismatch",
                    f"Client token {token} has been used before with different request parameters.",
                )
            return answer
        answer = original(self)
        answers[name, token] = (request, answer)
        return answer


idempotent(EgressOnlyInternetGateway, "create_egress_only_internet_gateway")
idempotent(ElasticBlockStore, "create_volume")
idempotent(InstanceResponse, "run_instances")
idempotent(LaunchTemplates, "create_launch_template")
idempotent(LaunchTemplates, "create_launch_template_version")
idempotent(NatGateways, "create_nat_gateway")
idempotent(RouteTables, "create_route_table")
