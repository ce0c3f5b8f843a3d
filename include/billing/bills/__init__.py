"""Bills: drafted, audited, held or issued, and running drafts."""
