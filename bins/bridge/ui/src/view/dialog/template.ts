// Shapes of tasks that come often. They fill the form; everything can be changed.

import type { Priority } from "../../model/entity";

export interface Template {
  name: string;
  priority: Priority;
  labels: string;
  description: string;
  acceptance: string;
  steps: string;
}

export const TEMPLATES: readonly Template[] = [
  {
    name: "Feature", priority: "medium", labels: "feature",
    description: "## Why\n\n\n## What\n\n\n## Not part of it\n", acceptance: "It works for …\nTests show it\nThe documentation says it",
    steps: "design\nimplement\ntest\ndocument",
  },
  {
    name: "Bug", priority: "high", labels: "bug",
    description: "## What happens\n\n\n## What should happen\n\n\n## How to see it\n\n1. \n", acceptance: "A test fails without the fix\nThe cause is named in the summary",
    steps: "reproduce\nfind the cause\nfix\ntest",
  },
  {
    name: "Investigation", priority: "medium", labels: "research",
    description: "## Question\n\n\n## What is known\n", acceptance: "The summary answers the question\nEvery claim has its source", steps: "",
  },
  {
    name: "Refactoring", priority: "low", labels: "refactoring",
    description: "## What is in the way today\n\n\n## How it should be\n", acceptance: "Behaviour is unchanged: the tests pass untouched", steps: "",
  },
];
