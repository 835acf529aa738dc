"""`feedpulse cascade CONTENT`: prints a reshare tree as text, JSON or GraphML."""

from collections import defaultdict
from typing import Annotated, Any
from xml.etree import ElementTree

import typer
from rich.tree import Tree

from handlers.features import cascade
from ops import console

_GRAPHML = "http://graphml.graphdrawing.org/xmlns"
_NODE_KEYS = {"user": "string", "time": "string", "level": "int", "rank": "double"}
_EDGE_KEYS = {"method": "string", "confidence": "double"}
_SHOWN = 2_000  # lines of a tree in the terminal


def command(
    content: Annotated[str, typer.Argument(help="id of the post, or of one of its reshares")],
    graphml: Annotated[bool, typer.Option("--graphml", help="print GraphML, for Gephi or networkx")] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Prints the reshare tree of a post, with the rank and time of every reshare."""
    try:
        tree = cascade({"contentId": content}, None)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if graphml:
        console.screen.file.write(to_graphml(tree) + "\n")
        return
    console.result(tree, as_json, _summary(tree), terminal_tree(tree))


def terminal_tree(tree: dict[str, Any]) -> Tree:
    """Returns the tree for the terminal: user, rank, time and parent method of each node."""
    nodes = tree["nodes"][:_SHOWN]
    branches = {nodes[0]["id"]: Tree(_label(nodes[0]))}
    children: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for node in nodes[1:]:
        children[node["parent"]].append(node)
    pending = [nodes[0]["id"]]
    while pending:
        parent = pending.pop()
        for node in children[parent]:
            branches[node["id"]] = branches[parent].add(_label(node))
            pending.append(node["id"])
    if len(tree["nodes"]) > _SHOWN:
        branches[nodes[0]["id"]].add(f"… {len(tree['nodes']) - _SHOWN} more: see --json")
    return branches[nodes[0]["id"]]


def to_graphml(tree: dict[str, Any]) -> str:
    """Returns the tree as a directed graph in GraphML, from parent to child."""
    top = ElementTree.Element("graphml", {"xmlns": _GRAPHML})
    for target, keys in (("node", _NODE_KEYS), ("edge", _EDGE_KEYS)):
        for name, kind in keys.items():
            ElementTree.SubElement(top, "key", {"id": name, "for": target, "attr.name": name, "attr.type": kind})
    graph = ElementTree.SubElement(top, "graph", {"id": tree["contentId"], "edgedefault": "directed"})
    for node in tree["nodes"]:
        _add_data(ElementTree.SubElement(graph, "node", {"id": node["id"]}), node, _NODE_KEYS)
    for node in tree["nodes"][1:]:
        edge = ElementTree.SubElement(graph, "edge", {"source": node["parent"], "target": node["id"]})
        _add_data(edge, node, _EDGE_KEYS)
    return ElementTree.tostring(top, encoding="unicode", xml_declaration=True)


def _add_data(element: ElementTree.Element, node: dict[str, Any], keys: dict[str, str]) -> None:
    for name in keys:
        if node[name] is not None:
            ElementTree.SubElement(element, "data", {"key": name}).text = str(node[name])


def _label(node: dict[str, Any]) -> str:
    user = (node["user"] or "private")[-8:]
    doubt = "" if node["method"] in ("root", "explicit") else f" [dim]{node['method']} {node['confidence']:.2f}[/dim]"
    return f"[bold]{user}[/bold] rank [cyan]{node['rank']:.2f}[/cyan] {node['time'][:16].replace('T', ' ')}{doubt}"


def _summary(tree: dict[str, Any]) -> str:
    expected = ""
    if forecast := tree.get("forecast"):
        low, high = forecast["interval"]
        expected = f", about {forecast['size']:.0f} expected in the end ({low:.0f}–{high:.0f})"
    cut = "; more reshares were left out" if tree["truncated"] else ""
    virality = f"structural virality {tree['structuralVirality']:.2f}"
    return f"{tree['size']} posts{expected}, {tree['depth']} levels {tree['breadth']}, {virality}{cut}"
