"""Pages: the desk's calendar and catalogue, the page clients book on, the page of a visit."""
