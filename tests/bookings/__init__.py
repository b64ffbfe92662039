"""The price list, free times, visits, the calendar and the page clients book on."""
