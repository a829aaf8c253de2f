"""What must not wait until somebody looks: rules, alerts, and how they reach people."""
