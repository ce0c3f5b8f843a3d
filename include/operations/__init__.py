"""Operations: alarms, the check of machines, notifications, retention and upkeep."""
