// What several views derive from the state, each worked out only when what it depends on changed.

import { useMemo } from "react";
import { needs, type Need } from "../model/derive";
import { useStore } from "./state";

/** What waits for a person. */
export function useNeeds(): Need[] {
  const blocked = useStore((state) => state.feed.groups.blocked);
  const in_review = useStore((state) => state.feed.groups.in_review);
  const sessions = useStore((state) => state.feed.sessions);
  return useMemo(() => needs({ blocked, in_review }, sessions), [blocked, in_review, sessions]);
}
