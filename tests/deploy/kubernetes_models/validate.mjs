// Reads resources as a JSON list and prints, for each kind that it knows, its name and what is wrong with it, or "ok".
import { readFileSync } from "node:fs";
import * as keda from "@kubernetes-models/keda/keda.sh/v1alpha1/index";
import * as monitoring from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/index";

const kinds = { ...keda, ...monitoring };
for (const resource of JSON.parse(readFileSync(0, "utf8"))) {
  const Kind = kinds[resource.kind];
  let found = "no schema";
  if (Kind) {
    try {
      new Kind(resource).validate();
      found = "ok";
    } catch (wrong) {
      found = wrong.message;
    }
  }
  console.log(JSON.stringify([resource.kind, resource.metadata.name, found]));
}
