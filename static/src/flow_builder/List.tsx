// On a phone: the steps below each other, to read.

import type { ReactNode } from "react";

import { CardButton } from "./Card";
import { useEditor } from "./context";
import type { Layout } from "./layout";

export function List({ layout }: { layout: Layout }): ReactNode {
  const editor = useEditor();
  const keys = [...layout.places].sort(([, one], [, other]) => one.y - other.y || one.x - other.x).map(([key]) => key);
  return (
    <div className="fb-list">
      <p className="soft small">To change this flow, open it on a wider screen.</p>
      <ol>
        {keys.map((key) => (
          <li key={key}>
            <CardButton cardKey={key} onOpen={() => editor.select(key, "one")} />
            <Ways cardKey={key} />
          </li>
        ))}
      </ol>
    </div>
  );
}

function Ways({ cardKey: key }: { cardKey: string }): ReactNode {
  const { grammar, graph, look, titleOf } = useEditor();
  const ways = grammar.ways(graph, key);
  if (ways.length < 2) return null;
  return (
    <ul className="fb-list-ways">
      {ways.map((way, index) => (
        <li key={way.at.join(".")}>
          <strong>{look.nodes[key]?.ways[index]?.label ?? way.title}</strong> → {titleOf(way.to)}
        </li>
      ))}
    </ul>
  );
}
