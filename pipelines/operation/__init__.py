"""What runs by the clock or by an alarm: baselines, triggers, calendar, retraining, promotion."""
