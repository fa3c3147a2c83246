"""What several test rooms need: real data, small builders. Nothing here tests anything."""
