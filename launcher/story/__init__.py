"""The first server, as a user of the cloud would make it: through the OpenStack API, with the OpenStack SDK.

Runs in the virtual environment (`python -m launcher.story`); everything here may be run again.
"""
