"""Speed, quality and money: where the numbers come from and how the report shows them."""
