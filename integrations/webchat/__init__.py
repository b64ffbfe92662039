"""Our own site chat: works with no outside account, sends by storing."""
