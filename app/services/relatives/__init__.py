"""The register of officers' relatives (người thân của chấp hành viên), and the cases it keeps from them."""
