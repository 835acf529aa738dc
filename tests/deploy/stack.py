"""A template's resources, and what its policies allow."""

from ops.deploy.template import logical

LOGS = "AWS::Logs::LogGroup"


def of_type(resources, kind):
    """The properties of every resource of a kind, by name."""
    return {name: each["Properties"] for name, each in resources.items() if each["Type"] == kind}


def statements(properties):
    """Every statement of a role or policy."""
    documents = [each["PolicyDocument"] for each in properties.get("Policies", [])] + [properties.get("PolicyDocument")]
    return [each for document in documents if document for each in document["Statement"]]


def listed(value):
    """A list, also of one."""
    return value if isinstance(value, list) else [value]


def allows(statements, action, resource):
    """Whether a statement allows the action on the resource."""
    return any(
        each["Effect"] == "Allow" and action in listed(each["Action"]) and resource in listed(each["Resource"])
        for each in statements
    )


def arn(name):
    """How the template names another resource."""
    return {"Fn::GetAtt": [name, "Arn"]}


def lambda_arn(key):
    """How the template names a function."""
    return arn(f"{logical(key)}LambdaFunction")
