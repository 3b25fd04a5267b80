package vnet

// DeviceAFPacket is the class of host interfaces (src/plugins/af_packet).
var DeviceAFPacket = &DeviceClass{Name: "af-packet", Input: "af-packet-input"}
