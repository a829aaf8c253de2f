"""Writes of alerts: raising, answering and telling, and the rules and channels behind them."""

from portal.alerts.services.answer import acknowledge_alerts, close_alerts
from portal.alerts.services.channels import (
    Target,
    create_channel,
    delete_channel,
    renew_secret,
    send_test,
    set_channel_enabled,
    update_channel,
)
from portal.alerts.services.consider import consider
from portal.alerts.services.deliveries import deliver_waiting, is_delivery_due, send_again
from portal.alerts.services.rules import (
    RuleDetails,
    create_rule,
    delete_rule,
    set_rule_enabled,
    update_rule,
)

__all__ = [
    "RuleDetails",
    "Target",
    "acknowledge_alerts",
    "close_alerts",
    "consider",
    "create_channel",
    "create_rule",
    "delete_channel",
    "delete_rule",
    "deliver_waiting",
    "is_delivery_due",
    "renew_secret",
    "send_again",
    "send_test",
    "set_channel_enabled",
    "set_rule_enabled",
    "update_channel",
    "update_rule",
]
