"""`feedpulse cascade CONTENT`: a reshare tree in the terminal, as JSON or as GraphML."""

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
    content: Annotated[str, typer.Argument(help="id of the content, or of one of its reshares")],
    graphml: Annotated[bool, typer.Option("--graphml", help="as GraphML, for Gephi or networkx")] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """The reshare tree of a content: who passed it on to whom, with rank and time."""
    try:
        tree = cascade({"contentId": content}, None)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if graphml:
        console.screen.file.write(to_graphml(tree) + "\n")
        return
    console.result(tree, as_json, _summary(tree), drawn(tree))


def drawn(tree: dict[str, Any]) -> Tree:
    """The tree as it is drawn: every node with user, rank, time, and how its parent was found."""
    nodes = tree["nodes"][:_SHOWN]
    branches = {nodes[0]["id"]: Tree(_label(nodes[0]))}
    children: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for node in nodes[1:]:
        children[node["parent"]].append(node)
    waiting = [nodes[0]["id"]]
    while waiting:
        above = waiting.pop()
        for node in children[above]:
            branches[node["id"]] = branches[above].add(_label(node))
            waiting.append(node["id"])
    if len(tree["nodes"]) > _SHOWN:
        branches[nodes[0]["id"]].add(f"… {len(tree['nodes']) - _SHOWN} more: see --json")
    return branches[nodes[0]["id"]]


def to_graphml(tree: dict[str, Any]) -> str:
    """The tree as a directed graph, parent to child."""
    top = ElementTree.Element("graphml", {"xmlns": _GRAPHML})
    for target, keys in (("node", _NODE_KEYS), ("edge", _EDGE_KEYS)):
        for name, kind in keys.items():
            ElementTree.SubElement(top, "key", {"id": name, "for": target, "attr.name": name, "attr.type": kind})
    graph = ElementTree.SubElement(top, "graph", {"id": tree["contentId"], "edgedefault": "directed"})
    for node in tree["nodes"]:
        _described(ElementTree.SubElement(graph, "node", {"id": node["id"]}), node, _NODE_KEYS)
    for node in tree["nodes"][1:]:
        edge = ElementTree.SubElement(graph, "edge", {"source": node["parent"], "target": node["id"]})
        _described(edge, node, _EDGE_KEYS)
    return ElementTree.tostring(top, encoding="unicode", xml_declaration=True)


def _described(element: ElementTree.Element, node: dict[str, Any], keys: dict[str, str]) -> None:
    for name in keys:
        if node[name] is not None:
            ElementTree.SubElement(element, "data", {"key": name}).text = str(node[name])


def _label(node: dict[str, Any]) -> str:
    user = (node["user"] or "private")[-8:]
    doubt = "" if node["method"] in ("root", "explicit") else f" [dim]{node['method']} {node['confidence']:.2f}[/dim]"
    return f"[bold]{user}[/bold] rank [cyan]{node['rank']:.2f}[/cyan] {node['time'][:16].replace('T', ' ')}{doubt}"


def _summary(tree: dict[str, Any]) -> str:
    size = tree.get("forecast")
    due = f", in the end about {size['size']:.0f} ({size['interval'][0]:.0f}–{size['interval'][1]:.0f})" if size else ""
    cut = "; the source is cut" if tree["truncated"] else ""
    virality = f"structural virality {tree['structuralVirality']:.2f}"
    return f"{tree['size']} posts{due}, {tree['depth']} levels {tree['breadth']}, {virality}{cut}"
