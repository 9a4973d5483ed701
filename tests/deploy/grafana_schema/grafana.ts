// The types of Grafana's dashboards, for boards that come as JSON: an enumeration there is a word here.
import type { Dashboard } from '@grafana/schema/dist/types/index';
import type * as barchart from '@grafana/schema/dist/types/raw/composable/barchart/panelcfg/x/BarChartPanelCfg_types.gen';
import type * as gauge from '@grafana/schema/dist/types/raw/composable/gauge/panelcfg/x/GaugePanelCfg_types.gen';
import type * as stat from '@grafana/schema/dist/types/raw/composable/stat/panelcfg/x/StatPanelCfg_types.gen';
import type * as table from '@grafana/schema/dist/types/raw/composable/table/panelcfg/x/TablePanelCfg_types.gen';
import type * as timeseries from '@grafana/schema/dist/types/raw/composable/timeseries/panelcfg/x/TimeSeriesPanelCfg_types.gen';

type Written<T> = T extends string ? `${T}`
  : T extends number ? number
  : T extends (infer One)[] ? Written<One>[]
  : T extends object ? { [Key in keyof T]?: Written<T[Key]> }
  : T;

export type Board = Written<Dashboard>;
export type Options = {
  barchart: Written<barchart.Options>;
  gauge: Written<gauge.Options>;
  stat: Written<stat.Options>;
  table: Written<table.Options>;
  timeseries: Written<timeseries.Options>;
};
export type Field = { barchart: Written<barchart.FieldConfig>; timeseries: Written<timeseries.FieldConfig> };
