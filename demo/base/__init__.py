"""What every tab and widget needs: numbers, notices, checks, errors, events, the theme."""
