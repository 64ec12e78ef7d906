"""What tests share: finished runs, files in the publishers' layouts, a server like theirs."""
