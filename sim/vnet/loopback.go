package vnet

// DeviceLoopback is the class of loopback interfaces
// (ethernet_simulated_device_class in src/vnet/ethernet/interface.c).
var DeviceLoopback = &DeviceClass{Name: "Loopback"}
