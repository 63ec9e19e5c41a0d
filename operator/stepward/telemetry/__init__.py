"""What an operator of Stepward can see of it: logs, metrics, probes. Imported by the upper floors only."""
