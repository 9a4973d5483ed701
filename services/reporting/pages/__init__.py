"""The pages of reporting for people who compile reports: figures, charts, the dossiers behind them, and worklists."""
