package kedge.imdsv2_test

import rego.v1

import data.kedge.imdsv2

denied(tokens) := n if n := count(imdsv2.deny) with input as {"desired": [{
	"key": "launch-template/nodes.c.example.com",
	"kind": "launch-template",
	"properties": {"MetadataOptions": {"HttpTokens": tokens}},
}]}

test_optional_tokens_are_denied if denied("optional") == 1

test_required_ones_are_fine if denied("required") == 0
