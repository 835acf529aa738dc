"""Packages and CloudFormation for AWS."""
