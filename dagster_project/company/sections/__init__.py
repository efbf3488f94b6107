"""The sections of a company.yml as models, by topic; nothing is re-exported here."""
