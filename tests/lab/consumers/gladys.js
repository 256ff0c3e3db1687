// The MQTT service of Gladys between a broker and this file, which stands in for the rest of Gladys.
//
//   node gladys.js SERVER URL
//
// SERVER is the folder `server` of a checkout of Gladys whose packages are installed. A device that is discovered is
// added at once. A line of the output is JSON: {"feature": [external id, category, type, unit]} or
// {"state": [external id, state]}.
"use strict";

const path = require("path");
const { createRequire } = require("module");

const [server, url] = process.argv.slice(2);
const service = path.resolve(server, "services", "mqtt", "lib");
const MqttHandler = require(service);
const mqtt = createRequire(path.join(service, "index.js"))("mqtt");

const show = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

const gladys = {
  device: { get: async () => [] },
  stateManager: { get: (kind, id) => ({ external_id: id }) },
  event: {
    emit: (name, event) => {
      if (event.device_feature_external_id) {
        show({ state: [event.device_feature_external_id, event.state] });
      }
    },
  },
};
const handler = new MqttHandler(gladys, mqtt, "mqtt");
handler.getConfiguration = async () => ({ mqttUrl: url });
handler.updateContainer = async () => {};
handler.emitHomeAssistantDiscoveredDevices = () => {
  handler.getHomeAssistantDiscoveredDevices({}).forEach((device) => {
    device.features.forEach((each) => show({ feature: [each.external_id, each.category, each.type, each.unit] }));
    handler.listenToHomeAssistantDeviceStateIfNeeded(device);
  });
};
handler.init();
